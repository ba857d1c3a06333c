# SPDX-License-Identifier: MPL-2.0
# How a platform of guest/mmu/ is built and run: need, build, run, in this order. The image itself prints TAP.
cd "$srcdir" || exit 1

# need COMMAND PACKAGE
need()
{
  command -v "$1" >/dev/null && return
  echo "1..0 # SKIP there is no $1 (Debian: $2)"
  exit 0
}

# build PLATFORM: leaves the path of the image in $image, that of its folder in $folder
build()
{
  local said seed=${MZ_SEED:-$((RANDOM << 15 | RANDOM))}

  folder=$builddir/mmu-images/$1
  image=$folder/image.elf
  # What a make above this one was told is not for this one.
  if ! said=$(env -u MAKEFLAGS -u MFLAGS "${MAKE:-make}" -s -f guest/mmu/image.mk PLATFORM="$1" \
    OUT="$builddir/mmu-images" SEED="$seed" 2>&1); then
    echo "not ok 1 - the_image_of_$1_builds"
    sed 's/^/# /' <<<"$said"
    echo 1..1
    exit 1
  fi
}

# run COMMAND...: what it prints is the serial port, where a test of device writes leaves zeros
run()
{
  "$@" </dev/null | tr -d '\r\0'
}

# one_plan COUNT: makes one of the plans of so many runs, all of which must have come to their end
one_plan()
{
  awk -v runs="$1" '
    /^1\.\./ { ended++; next }
    /^(not )?ok / { sub(/ok [0-9]+/, "ok " ++tests) }
    { print }
    END { if (ended == runs) print "1.." tests }'
}
