# SPDX-License-Identifier: MPL-2.0
# Every schedule of every scenario.
exec "$builddir/tests/explore/explore"
