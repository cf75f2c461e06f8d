// Where may a kill strike a change? Named points that a test build stops at; nothing in the real one.
#pragma once

#ifdef WARDER_FAULT_POINTS
namespace warder::hands {
void FaultPoint(const char* where);  // the test's
}
#define WARDER_FAULT_POINT(where) ::warder::hands::FaultPoint(where)
#else
#define WARDER_FAULT_POINT(where) static_cast<void>(0)
#endif
