"""The deployer: releases, what is checked of them, the lock, and the handlers of its machine."""
