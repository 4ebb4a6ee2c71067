from hypothesis import settings

# Bench machines and CI are busy: how long one example took proves nothing about the rules.
settings.register_profile("grading", deadline=None)
settings.load_profile("grading")
