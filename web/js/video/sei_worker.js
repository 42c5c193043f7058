// Looks into each encoded frame for the tests, and passes it on as it is.

self.onrtctransform = async ({ transformer: { readable, writable } }) => {
  const { markOfFrame } = await import("./sei.js");
  const look = new TransformStream({
    transform(frame, controller) {
      const { rtpTimestamp } = frame.getMetadata();
      self.postMessage({ rtpTimestamp, mark: markOfFrame(new Uint8Array(frame.data)) });
      controller.enqueue(frame);
    },
  });
  readable.pipeThrough(look).pipeTo(writable);
};
