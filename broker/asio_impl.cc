// Where is Asio's own code compiled? Here once, instead of in every file that includes it.
#include <boost/asio/impl/src.hpp>
