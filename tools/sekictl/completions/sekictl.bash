# Completion of sekictl for bash. What may come next is known to sekictl alone.
_sekictl() {
    local word
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        COMPREPLY+=("$(printf %q "$word")")
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
# Files, where sekictl has nothing to offer: the value of --segment.
complete -o default -F _sekictl sekictl
