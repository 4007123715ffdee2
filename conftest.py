"""pytest starts here: the course's checks and the project's own tests both run on ``checker.plugin``."""

import sys
from importlib.util import find_spec

_NEEDED = ("checker", "docker", "platformdirs", "ptyprocess", "testcontainers", "wcwidth")
_MISSING = [name for name in _NEEDED if find_spec(name) is None]

if _MISSING:
    sys.stderr.write(
        f"docker-kata is not set up in this environment ({', '.join(_MISSING)} missing). Run ./kata up once and then\n"
        "use .venv/bin/pytest, or run ./kata check 01, which does all of it.\n"
        "이 환경에는 docker-kata가 준비되어 있지 않아요. ./kata up 을 한 번 실행한 다음 .venv/bin/pytest를 쓰거나,\n"
        "모두 알아서 해 주는 ./kata check 01 을 써 보세요.\n"
    )
    sys.exit(3)

pytest_plugins = ["checker.plugin"]
