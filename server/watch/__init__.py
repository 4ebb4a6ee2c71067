"""For whatever watches the server: is it alive, can it work, and what do its numbers say."""
