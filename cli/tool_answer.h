// How is the answer of a tool shown to a person, and which exit code does it become?
//
// Forms: docs/formats/admin.md, "Results of tools".
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace warder::cli {

// Exit codes of `warder run` (3-protocol, CLI); beside these the command's own, or 128+N for a signal.
inline constexpr int kRunWallLimit = 124;
inline constexpr int kRunHostCould = 125;
inline constexpr int kRunRefused = 126;
inline constexpr int kRunNoProgram = 127;

// The structured part of a tool's result; where a host sent none, an object with `failed` and its text.
nlohmann::json Structured(const nlohmann::json& result);

bool WasRefused(const nlohmann::json& answer);
bool HasFailed(const nlohmann::json& answer);

// What a person reads of a refusal: what was refused, the rule and where it stands, why, what would be allowed,
// and last the command that explains it: `explain`, or where that is empty, for whom the host's own words are.
// Several lines, the first without "warder: ".
std::string RefusalText(const nlohmann::json& answer, const std::string& explain);
std::string FailureText(const nlohmann::json& answer);

// stdout or stderr of a run, from the text or from the base64 form.
std::string OutputBytes(const nlohmann::json& answer, const char* stream);

// The exit code of `warder run` for this answer.
int RunExitCode(const nlohmann::json& answer);

// The exit code of `warder call` for this answer.
int CallExitCode(const nlohmann::json& answer);

// The one object of `warder run --json`.
nlohmann::json RunObject(const nlohmann::json& answer);

}  // namespace warder::cli
