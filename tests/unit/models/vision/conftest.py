from hypothesis import settings

# A busy machine is no failure: time is measured where it is promised, not here.
settings.register_profile("vision", deadline=None)
settings.load_profile("vision")
