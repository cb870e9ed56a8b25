"""As much of torch as the README's loop needs, for machines without it."""
