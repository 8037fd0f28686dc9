# The probe of a task: whether its effect stands in the ledger. It is never asked while a job of the task lives.
say() {
    printf '%s %s %s %s %s end\n' "$1" "$WINDLASS_TASK" "$WINDLASS_ATTEMPT" "$$" "$WINDLASS_IDEMPOTENCY_KEY" >> "$HERE/ledger"
}
flock -n "$HERE/live.$WINDLASS_RUN.$WINDLASS_TASK" true
test $? -ne 1 || say twin
grep -qF "effect $WINDLASS_TASK " "$HERE/ledger"
# One that was killed has seen nothing.
case $? in
0) say probed; echo done ;;
1) say probed; echo absent ;;
*) exit 9 ;;
esac
