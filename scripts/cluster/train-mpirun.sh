#!/usr/bin/env bash
# Trains on CPUs under mpirun (MPICH or Open MPI), and starts the ranks again when one is lost.
#   MODEL=DIR DATA=pairs.jsonl RUN=runs/several RANKS=4 bash scripts/cluster/train-mpirun.sh [further options of train]
set -euo pipefail
: "${MODEL:?folder of the model}" "${DATA:?files to train on}" "${RUN:?folder of the run}" "${RANKS:?number of processes}"
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(($(nproc) / RANKS > 0 ? $(nproc) / RANKS : 1))}
for ((restart = 0; ; restart++)); do
    code=0
    "${MPIRUN:-mpirun}" -n "$RANKS" dotnet "${APP:-app/T5GemmaSharp.Training.dll}" train --model "$MODEL" --data $DATA --device cpu --micro-batch-size "${MICRO_BATCH:-8}" --checkpoint-steps "${CHECKPOINT_STEPS:-200}" --checkpoint-limit 3 --resume "$RUN" "$@" || code=$?
    case $code in
        0 | 1 | 2 | 3 | 130) exit "$code" ;; # done, unexpected, wrong settings, diverged, interrupted: again would be the same
    esac
    [ "$restart" -lt "${MAX_RESTARTS:-20}" ] || exit "$code"
    echo "a rank was lost (exit code $code): again from the last checkpoint" >&2
done
