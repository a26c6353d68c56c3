// What libseki.so exports; everything else in it is hidden.
#pragma once

#define SEKI_API [[gnu::visibility("default")]]
