# One job of the torture. Each word is a step; what has been done is said in the ledger, one line by one write.
#   append     the effect
#   alone      nobody else does what follows at the same time
#   shared     nobody does what follows alone at the same time
#   two        not more than one other does what follows at the same time
#   gate       wait until the gate of this task is opened
#   work       be busy for a while
#   fail=N     end badly, up to the job of that number
#   hang=N     never end, up to the job of that number
#   deaf       ignore TERM from here on
#   leave      leave a process behind that waits for the gate, in a session of its own
say() {
    printf '%s %s %s %s %s end\n' "$1" "$WINDLASS_TASK" "$WINDLASS_ATTEMPT" "$$" "$WINDLASS_IDEMPOTENCY_KEY" >> "$HERE/ledger"
}
early() {
    test "$WINDLASS_ATTEMPT" -le "${1#*=}"
}
# Whoever runs holds a lock, and so do its children: a second job of the same task would meet it.
exec 9>> "$HERE/live.$WINDLASS_RUN.$WINDLASS_TASK"
flock -n 9 || {
    # One that was killed itself has met nobody.
    test $? -ne 1 || say twin
    exit 9
}
say begin
if grep -qxF "$WINDLASS_TASK" "$HERE/around"; then
    read -r value < "$HERE/setting" && test "$value" = temporary || say bare
fi
for word in "$@"; do
    case $word in
    append) say effect ;;
    alone) exec 8>> "$HERE/critical"; flock -n 8; test $? -ne 1 || say crossed ;;
    shared) exec 8>> "$HERE/critical"; flock -n -s 8; test $? -ne 1 || say crossed ;;
    two)
        exec 8>> "$HERE/desk.1"; flock -n 8
        test $? -ne 1 || { exec 8>> "$HERE/desk.2"; flock -n 8; test $? -ne 1 || say crossed; } ;;
    gate) say gate; read -r _ < "$HERE/gate.$WINDLASS_TASK" ;;
    work) n=0; while test $n -lt 3000; do n=$((n + 1)); done ;;
    fail=*) if early "$word"; then say failed; exit 3; fi ;;
    hang=*) if early "$word"; then say hang; while read -r _ < "$HERE/gate.never"; do :; done; fi ;;
    deaf) trap '' TERM ;;
    leave) setsid sh -c 'read -r _ < "$HERE/gate.$WINDLASS_TASK"' 8>&- 9>&- & ;;
    esac
done
say finished
