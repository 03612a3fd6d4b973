/* The same sources once more, under other names. */
#define HB_NEXT_RELEASE
#define codec_bytes next_codec_bytes
#define codec_u8 next_codec_u8
#define codec_u16 next_codec_u16
#define codec_u32 next_codec_u32
#define codec_u64 next_codec_u64
#define codec_text next_codec_text
#define codec_open next_codec_open
#define codec_grown next_codec_grown
#define codec_close next_codec_close
#define codec_rest next_codec_rest
#define hb_message_encode next_message_encode
#define hb_message_decode next_message_decode
#define hb_register_encode next_register_encode
#define hb_register_decode next_register_decode
#define wire_start next_wire_start
#define wire_way_to next_wire_way_to
#define wire_seal next_wire_seal
#define wire_is_ours next_wire_is_ours
#define wire_open next_wire_open
#define wire_name next_wire_name
#define wire_drop_text next_wire_drop_text

#include "tests/unit/next_release.h"

#include "heartbeat/codec.c"   // NOLINT
#include "heartbeat/message.c" // NOLINT
#undef WIRE_VERSION
#define WIRE_VERSION 3
#define magic wire_magic
#include "heartbeat/wire.c" // NOLINT
