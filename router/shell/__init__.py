"""The imperative part: files, threads, clocks, processes and sockets. Decides nothing."""
