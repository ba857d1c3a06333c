# SPDX-License-Identifier: MPL-2.0
# Every schedule of random programs: MZ_STEPS of them, from MZ_SEED.
exec "$builddir/tests/explore/explore" -r "${MZ_STEPS:-1000}"
