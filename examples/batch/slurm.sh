#!/bin/bash
# A Slurm array without gaps: each job does its share of jobs.csv, and goes on where it was stopped.
#
#   sbatch --array=1-8 slurm.sh jobs.csv
#
# --requeue has Slurm start a job again whose node failed or was given to somebody else, but not one that reached its
# time limit: of that --signal warns the job two minutes before, and it puts itself into the queue again (scontrol
# requeue). If that is not allowed, the same command again does it, once no job of the array runs any more. There may be
# another number of shares then; each knows the journals of the others.
#SBATCH --job-name=voxpoint
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
set -eu

table=${1:?usage: sbatch --array=1-N slurm.sh JOBS.csv}
# Array jobs are counted from SLURM_ARRAY_TASK_MIN on, shares from 1.
share=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT

# The time limit is near: what is done is in the journal. A job that was begun twenty times would not end at the next.
again() {
    trap '' USR1
    kill "$work" 2>/dev/null || true
    wait "$work" || true
    if [ "${SLURM_RESTART_COUNT:-0}" -lt 20 ] &&
        scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; then
        echo "share $share: stopped before the time limit; goes on when Slurm starts it again" >&2
        exit 0
    fi
    echo "share $share: stopped before the time limit; the same sbatch again goes on" >&2
    exit 1
}

"${VOXPOINT:-voxpoint}" batch "$table" --shard "$share" --threads "${SLURM_CPUS_PER_TASK:-1}" \
    > "$table.${share%/*}-of-${share#*/}.jsonl" &
work=$!
trap again USR1
# 1: a row could not be done; its line says why, and the job counts as failed.
wait "$work"
