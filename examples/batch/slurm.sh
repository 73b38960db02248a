#!/bin/bash
# A Slurm array without gaps: each job does its share of jobs.csv, and goes on where it was stopped.
#
#   sbatch --array=1-8 slurm.sh jobs.csv
#
# After a time limit or a failed node, the same command again. (--requeue does it by itself.) Shares may be as many as
# there are machines then; each knows the journals of the others.
#SBATCH --job-name=voxpoint
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=02:00:00
#SBATCH --requeue
set -eu

table=${1:?usage: sbatch --array=1-N slurm.sh JOBS.csv}
# Array jobs are counted from SLURM_ARRAY_TASK_MIN on, shares from 1.
share=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT

exec "${VOXPOINT:-voxpoint}" batch "$table" --shard "$share" --threads "${SLURM_CPUS_PER_TASK:-1}" \
    > "$table.${share%/*}-of-${share#*/}.jsonl"
