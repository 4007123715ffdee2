#!/bin/sh
echo exit_code=41
echo setting=STALL_OWNER
echo port=9000
echo "Sold today: 3 bowls of bibimbap." > report.txt
