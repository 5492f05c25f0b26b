// Boost.JSON is used as headers; this is the one source with its bodies.
#include <boost/json/src.hpp>
