"""Where photos lie: a folder on disk, or a bucket in S3-compatible storage. Both do the same few things."""
