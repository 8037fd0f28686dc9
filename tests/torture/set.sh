# Gives the setting a value. While it is given its old one back, no job may live that it surrounds.
say() {
    printf '%s %s %s %s %s end\n' "$1" "setting" "$WINDLASS_ATTEMPT" "$$" "$WINDLASS_IDEMPOTENCY_KEY" >> "$HERE/ledger"
}
if test "$1" != temporary; then
    while read -r task; do
        flock -n "$HERE/live.$WINDLASS_RUN.$task" true
        test $? -ne 1 || say exposed
    done < "$HERE/around"
fi
printf '%s\n' "$1" > "$HERE/setting"
say "$1"
