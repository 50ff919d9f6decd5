"""The viewer: what one person may see and do in the console, whatever page asks. Pages ask nothing else."""
