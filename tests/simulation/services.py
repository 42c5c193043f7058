"""Deterministic stand-ins for the services beside DynamoDB, as the adapters use them.

They refuse with ``StoreError`` as the store does; ``transport`` makes botocore's exceptions of it.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.simulation.store import StoreError

Answer = dict[str, Any]
_NONCE_BYTES: Final = 12
_SIGNING: Final = ec.ECDSA(SHA256(), deterministic_signing=True)


@cache
def signing_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(20_260_101, ec.SECP256R1())


@cache
def public_key_der() -> bytes:
    return signing_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Kms:
    """Signs with a key of its own (ECDSA P-256, deterministic); seals for an encryption context."""

    def __init__(self) -> None:
        self._sealing = AESGCM(hashlib.sha256(b"the sealing key of the simulation").digest())
        self._sealed = 0

    def sign(self, params: dict[str, Any]) -> Answer:
        return {"Signature": signing_key().sign(params["Message"], _SIGNING)}

    def get_public_key(self, _: dict[str, Any]) -> Answer:
        return {"PublicKey": public_key_der()}

    def encrypt(self, params: dict[str, Any]) -> Answer:
        self._sealed += 1
        nonce = self._sealed.to_bytes(_NONCE_BYTES, "big")
        sealed = self._sealing.encrypt(nonce, params["Plaintext"], _context(params))
        return {"CiphertextBlob": nonce + sealed}

    def decrypt(self, params: dict[str, Any]) -> Answer:
        blob = params["CiphertextBlob"]
        nonce, sealed = blob[:_NONCE_BYTES], blob[_NONCE_BYTES:]
        try:
            return {"Plaintext": self._sealing.decrypt(nonce, sealed, _context(params))}
        except InvalidTag as error:
            raise StoreError("InvalidCiphertextException", "sealed for another context") from error


def _context(params: dict[str, Any]) -> bytes:
    return json.dumps([params["KeyId"], params["EncryptionContext"]], sort_keys=True).encode()


class S3:
    """One bucket; ``IfNoneMatch`` writes once."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, params: dict[str, Any]) -> Answer:
        key = params["Key"]
        if params.get("IfNoneMatch") == "*" and key in self.objects:
            raise StoreError("PreconditionFailed", "the object exists", status=412)
        self.objects[key] = bytes(params["Body"])
        return {}

    def get_object(self, params: dict[str, Any]) -> Answer:
        content = self.objects.get(params["Key"])
        if content is None:
            raise StoreError("NoSuchKey", "The specified key does not exist.", status=404)
        return {"Body": io.BytesIO(content)}


class Sqs:
    """What is sent to a queue without a reader of its own stays in ``messages``."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.readers: dict[str, Callable[[dict[str, Any]], str]] = {}
        """By the queue's address: takes a message and returns its id."""

    def send_message(self, params: dict[str, Any]) -> Answer:
        reader = self.readers.get(params["QueueUrl"])
        if reader is not None:
            return {"MessageId": reader(params)}
        self.messages.append(params["MessageBody"])
        return {"MessageId": str(len(self.messages))}


@dataclass(frozen=True, slots=True)
class SecretsManager:
    """Gives each secret, by its name."""

    secrets: dict[str, str]

    def get_secret_value(self, params: dict[str, Any]) -> Answer:
        return {"SecretString": self.secrets[params["SecretId"]]}


@dataclass
class Connections:
    """Websocket connections; ``deliver`` gets what is posted to one that is there."""

    deliver: Callable[[str, dict[str, Any]], None]
    gone: set[str] = field(default_factory=set)

    def post_to_connection(self, params: dict[str, Any]) -> Answer:
        connection = params["ConnectionId"]
        if connection in self.gone:
            raise StoreError("GoneException", "the connection is gone", status=410)
        self.deliver(connection, json.loads(params["Data"]))
        return {}


class StateMachine(Protocol):
    def start(self, name: str, input_: dict[str, Any]) -> bool:
        """Start an execution; return False when the name is taken."""

    def status_of(self, name: str) -> str | None: ...

    def tell(self, token: str, what: str, error: str) -> bool:
        """Reach who waits for a token; return False when nobody does."""


class StepFunctions:
    def __init__(self) -> None:
        self.machines: dict[str, StateMachine] = {}
        """By the last part of their ARN."""

    def start_execution(self, params: dict[str, Any]) -> Answer:
        arn = params["stateMachineArn"]
        machine = self.machines.get(arn.rpartition(":")[2])
        if machine is None:
            return {"executionArn": arn}
        if not machine.start(params["name"], json.loads(params["input"])):
            raise StoreError("ExecutionAlreadyExists", "Execution Already Exists")
        return {"executionArn": arn + ":" + params["name"]}

    def describe_execution(self, params: dict[str, Any]) -> Answer:
        machine, name = params["executionArn"].split(":")[-2:]
        status = self.machines[machine].status_of(name)
        if status is None:
            raise StoreError("ExecutionDoesNotExist", "Execution Does Not Exist")
        return {"status": status}

    def send_task_success(self, params: dict[str, Any]) -> Answer:
        return self._tell(params, "success")

    def send_task_failure(self, params: dict[str, Any]) -> Answer:
        return self._tell(params, "failure")

    def send_task_heartbeat(self, params: dict[str, Any]) -> Answer:
        return self._tell(params, "heartbeat")

    def _tell(self, params: dict[str, Any], what: str) -> Answer:
        token, error = params["taskToken"], params.get("error", "")
        if not any(machine.tell(token, what, error) for machine in self.machines.values()):
            raise StoreError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist'")
        return {}


READS: Final = frozenset(
    {"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"}
    | {"GetObject", "Sign", "GetPublicKey", "Encrypt", "Decrypt"}
    | {"GetSecretValue", "DescribeExecution"}
)
"""Operations that change nothing that anybody could see."""

OPERATIONS: Final = {
    "Sign": "sign",
    "GetPublicKey": "get_public_key",
    "Encrypt": "encrypt",
    "Decrypt": "decrypt",
    "PutObject": "put_object",
    "GetObject": "get_object",
    "SendMessage": "send_message",
    "PostToConnection": "post_to_connection",
    "GetSecretValue": "get_secret_value",
    "StartExecution": "start_execution",
    "DescribeExecution": "describe_execution",
    "SendTaskSuccess": "send_task_success",
    "SendTaskFailure": "send_task_failure",
    "SendTaskHeartbeat": "send_task_heartbeat",
}
