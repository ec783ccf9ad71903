#!/usr/bin/env bash
# Trains on all GPUs of this machine under torchrun, which starts the ranks again when one is lost. On several machines run it on each, with NODES and HEAD.
#   MODEL=DIR DATA=pairs.jsonl RUN=runs/several bash scripts/cluster/train-torchrun.sh [further options of train]
set -euo pipefail
: "${MODEL:?folder of the model}" "${DATA:?files to train on}" "${RUN:?folder of the run}"
exec torchrun --no-python --nnodes "${NODES:-1}" --nproc-per-node "${GPUS:-8}" --max-restarts "${MAX_RESTARTS:-20}" \
    --rdzv-backend c10d --rdzv-endpoint "${HEAD:-localhost:29500}" \
    dotnet "${APP:-app/T5GemmaSharp.Training.dll}" train --model "$MODEL" --data $DATA --dtype bfloat16 --micro-batch-size "${MICRO_BATCH:-8}" --checkpoint-steps "${CHECKPOINT_STEPS:-200}" --checkpoint-limit 3 --resume "$RUN" "$@"
