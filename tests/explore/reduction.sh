# SPDX-License-Identifier: MPL-2.0
# The explorer leaves out no schedule that matters.
exec "$builddir/tests/explore/explore" -c
