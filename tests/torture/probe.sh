# The probe of a task: whether its effect stands in the ledger. It is never asked while a job of the task lives.
say() {
    printf '%s %s %s %s %s end\n' "$1" "$WINDLASS_TASK" "$WINDLASS_ATTEMPT" "$$" "$WINDLASS_IDEMPOTENCY_KEY" >> "$HERE/ledger"
}
flock -n "$HERE/live.$WINDLASS_TASK" true
test $? -ne 1 || say twin
if grep -qF "effect $WINDLASS_TASK " "$HERE/ledger"; then
    say probed
    echo done
else
    say probed
    echo absent
fi
