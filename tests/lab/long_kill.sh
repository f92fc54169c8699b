#!/bin/bash
# The kill test at every line of the journal; hours.
HEADROOM_KILL_POINTS=all exec "$(dirname "$0")/test_kill.sh"
