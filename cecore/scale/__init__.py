"""The same loss and gradient wherever the logits are: in memory, on disk, on Dask, or nowhere."""
