"""What the plain client, the spy and the proxy read from NATS."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lab.nats_frames import NatsFrames  # noqa: E402

_STREAM = b"INFO {}\r\nMSG a.b 1 5\r\nhe\r\no\r\nPING\r\nHMSG a 2 r 4 6\r\nhd\r\nok\r\nMSG a 1 0\r\n\r\n"
_LINES = [(b"INFO {}", None), (b"MSG a.b 1 5", b"he\r\no"), (b"PING", None), (b"HMSG a 2 r 4 6", b"hd\r\nok"),
          (b"MSG a 1 0", b"")]


def read(parts):
    parts = iter(parts)
    return list(NatsFrames(lambda: next(parts, b"")))


class NatsFramesTest(unittest.TestCase):
    def test_a_payload_may_hold_line_ends(self):
        frames = read([_STREAM])
        self.assertEqual([frame[:2] for frame in frames], _LINES)

    def test_frames_may_be_split_anywhere(self):
        for split in range(1, len(_STREAM)):
            frames = read([_STREAM[:split], _STREAM[split:]])
            self.assertEqual([frame[:2] for frame in frames], _LINES, split)

    def test_what_is_passed_on_is_what_came(self):
        self.assertEqual(b"".join(frame[2] for frame in read([_STREAM])), _STREAM)

    def test_a_frame_that_was_cut_off_is_none(self):
        self.assertEqual(len(read([_STREAM[:-3]])), 4)


if __name__ == "__main__":
    unittest.main()
