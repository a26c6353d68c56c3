# Completion of sekictl for fish. What may come next is known to sekictl alone.
function __sekictl_complete
    set --local words (commandline --tokenize --current-process --cut-at-cursor) (commandline --current-token --cut-at-cursor)
    $words[1] __complete $words[2..] 2>/dev/null
end
complete --command sekictl --no-files --arguments '(__sekictl_complete)'
complete --command sekictl --long-option segment --require-parameter --force-files
