"""Words, sight and judgement; imports nothing of ours."""
