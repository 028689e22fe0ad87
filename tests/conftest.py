"""What every test folder shares: how hard hypothesis tries."""

import os

from hypothesis import settings

# The default is repeatable: a red test is red for everyone. `HYPOTHESIS_PROFILE=explore` looks for new counterexamples;
# what it finds becomes an @example. No deadline: a shared machine is no stopwatch.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
