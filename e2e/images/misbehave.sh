#!/bin/sh
# A stage's program that misbehaves as MISBEHAVE says, and is the real worker otherwise:
#   exit:CODE:N   ends with CODE in its first N attempts
#   sleep:S:N     sleeps for S seconds in its first N attempts, then works
#   waits:NAME:N  waits in its first N attempts until there is a file NAME in the workspace, then works
#   needs:BYTES   holds so much memory for a moment, then works
# Its arguments are the worker's; the first one is the stage's document.
attempt=$(grep -o '"attempt":[0-9]*' "$1" | head -n 1 | cut -d : -f 2)
IFS=: read -r what amount attempts <<end
${MISBEHAVE:-}
end
case $what in
exit)
    if [ "$attempt" -le "$attempts" ]; then
        echo "attempt $attempt ends with $amount, as it was told"
        exit "$amount"
    fi
    ;;
sleep)
    if [ "$attempt" -le "$attempts" ]; then
        echo "attempt $attempt sleeps for $amount s, as it was told"
        # Process 1 gets no signal that it does not ask for.
        trap 'exit 143' TERM
        sleep "$amount" &
        wait $!
        trap - TERM
    fi
    ;;
waits)
    if [ "$attempt" -le "$attempts" ]; then
        echo "attempt $attempt waits for $amount, as it was told"
        trap 'exit 143' TERM
        until [ -e "/workspace/$amount" ]; do
            sleep 0.2 &
            wait $!
        done
        trap - TERM
    fi
    ;;
needs)
    # The shell itself holds it: it is process 1, whose end is the container's.
    held=$(head -c "$amount" /dev/zero | tr '\0' x)
    echo "held ${#held} bytes, as it was told"
    held=
    ;;
esac
exec /trainyard-worker "$@"
