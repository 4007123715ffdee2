#!/usr/bin/env bash
# Run hello-world twice. What the first run says goes into cold.txt, what the second says into warm.txt.
# hello-world를 두 번 실행해요. 첫 번째 실행이 한 말은 cold.txt에, 두 번째 실행이 한 말은 warm.txt에 담아 주세요.

docker version
