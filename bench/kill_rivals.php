<?php
// What bench/kill_rivals.py kills of PHP: workers that count in APCu who is in and what each key has spent, and keep clients there that come and go.
// Does what kill_rivals.cpp does, by the same lines.
const PLACES = 5, BUDGET = 64, KEYS = 16;

function raise(string $key, int $most): bool {
    if (apcu_inc($key) <= $most) return true;
    apcu_dec($key);
    return false;
}

function work(string $round, $told): void {
    for (;;) {
        for ($i = 0; $i < 10; ++$i) {
            if (raise('gate', PLACES)) {
                if (random_int(0, 9) === 0) usleep(100);
                apcu_dec('gate');
            }
            $client = 'client ' . random_int(0, 255);
            raise($client, BUDGET);
            if (random_int(0, 1) === 0) apcu_delete($client);
        }
        fwrite($told, raise("$round/" . random_int(0, KEYS - 1), BUDGET) ? '+' : '-');
    }
}

function look(string $round): void {
    $had = $left = 0;
    $end = microtime(true) + 1;
    while ($had < PLACES && microtime(true) < $end) {
        if (raise('gate', PLACES)) ++$had;
        else usleep(1000);
    }
    for ($i = 0; $i < $had; ++$i) apcu_dec('gate');
    for ($key = 0; $key < KEYS; ++$key) {
        while (raise("$round/$key", BUDGET)) ++$left;
        apcu_delete("$round/$key");
    }
    $is_sane = iterator_count(new APCUIterator()) === apcu_cache_info(true)['num_entries'];
    echo "found $had $left ", $is_sane ? 1 : 0, "\n";
}

function in_a_process(callable $body): int {
    $pid = pcntl_fork();
    if ($pid !== 0) return $pid;
    $body();
    exit(0);
}

$folder = $argv[1];
raise('somebody', BUDGET);
pcntl_signal(SIGCHLD, SIG_IGN);
while (($line = fgets(STDIN)) !== false) {
    $words = explode(' ', trim($line));
    $pids = [];
    if ($words[0] === 'ask') {
        $pids[] = in_a_process(fn() => look($words[1]));
    } else {
        for ($i = 0; $i < (int) $words[1]; ++$i)
            $pids[] = in_a_process(function () use ($folder, $words, $i) {
                $told = fopen("$folder/told.$i", 'wb');
                stream_set_write_buffer($told, 0);
                work($words[2], $told);
            });
    }
    echo $words[0], ' ', implode(' ', $pids), "\n";
}
