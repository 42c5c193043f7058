"""The size of the picture, out of an H.264 sequence parameter set (ITU-T H.264, 7.3.2.1.1)."""

from __future__ import annotations

from typing import Final

NAL_SPS: Final = 7
NAL_PPS: Final = 8
_WITH_CHROMA: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_MAX_REFERENCES: Final = 255
_MAX_SPS_BYTES: Final = 1024


def picture_size(sps: bytes) -> tuple[int, int]:
    """Return width and height in pixels.

    Raises:
        ValueError: not a sequence parameter set, or one that makes no sense.
    """
    if not 4 <= len(sps) <= _MAX_SPS_BYTES or sps[0] & 0x1F != NAL_SPS:
        raise ValueError("not a sequence parameter set")
    bits = _Bits(sps[4:].replace(b"\x00\x00\x03", b"\x00\x00"))
    bits.exp_golomb()  # seq_parameter_set_id
    chroma, planes = 1, 0
    if sps[1] in _WITH_CHROMA:
        chroma = bits.exp_golomb()
        planes = bits.read(1) if chroma == 3 else 0
        bits.exp_golomb()  # bit_depth_luma_minus8
        bits.exp_golomb()  # bit_depth_chroma_minus8
        bits.read(1)  # qpprime_y_zero_transform_bypass_flag
        if bits.read(1):  # seq_scaling_matrix_present_flag
            for index in range(12 if chroma == 3 else 8):
                if bits.read(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    _skip_order(bits)
    bits.exp_golomb()  # max_num_ref_frames
    bits.read(1)  # gaps_in_frame_num_value_allowed_flag
    width = 16 * (bits.exp_golomb() + 1)
    map_units = bits.exp_golomb() + 1
    fields = 1 if bits.read(1) else 2
    if fields == 2:
        bits.read(1)  # mb_adaptive_frame_field_flag
    height = 16 * fields * map_units
    bits.read(1)  # direct_8x8_inference_flag
    if bits.read(1):  # frame_cropping_flag
        has_chroma = chroma in (1, 2) and not planes
        unit_x = 2 if has_chroma else 1
        unit_y = (2 if chroma == 1 and not planes else 1) * fields
        width -= unit_x * (bits.exp_golomb() + bits.exp_golomb())
        height -= unit_y * (bits.exp_golomb() + bits.exp_golomb())
    if not (0 < width <= 0xFFFF and 0 < height <= 0xFFFF):
        raise ValueError(f"a picture of {width}×{height} pixels")
    return width, height


def _skip_order(bits: _Bits) -> None:
    bits.exp_golomb()  # log2_max_frame_num_minus4
    match bits.exp_golomb():  # pic_order_cnt_type
        case 0:
            bits.exp_golomb()  # log2_max_pic_order_cnt_lsb_minus4
        case 1:
            bits.read(1)  # delta_pic_order_always_zero_flag
            bits.exp_golomb()  # offset_for_non_ref_pic
            bits.exp_golomb()  # offset_for_top_to_bottom_field
            count = bits.exp_golomb()
            if count > _MAX_REFERENCES:
                raise ValueError(f"{count} reference frames in a cycle")
            for _ in range(count):
                bits.exp_golomb()


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            coded = bits.exp_golomb()
            delta = (coded + 1) // 2 if coded % 2 else -(coded // 2)
            following = (last + delta) % 256
        last = following or last


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def read(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set is cut off")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def exp_golomb(self) -> int:
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 31:
                raise ValueError("a number of more than 32 bits")
        return (1 << zeros) - 1 + self.read(zeros)
