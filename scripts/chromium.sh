#!/bin/sh
# The browser tests drive the system's Chromium. Install it where that is possible without asking.
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends chromium >/dev/null
  exit 0
fi
echo "No Chromium was found: the browser tests will be skipped. Install the package chromium to run them."
[ -z "${CI:-}" ] || exit 1
