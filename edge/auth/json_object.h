#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace sluice::edge {

// What a token or a key set says about somebody must not depend on who reads it: the object in
// `text`, UTF-8 and nothing behind it; nullopt if it is none, nests deeper than 16 levels, or names
// a member twice anywhere. Thread: any.
std::optional<boost::json::object> ParseStrictObject(std::string_view text);

// The member `name` if it is there and a string. Thread: any.
std::optional<std::string> StringMember(const boost::json::object& object, std::string_view name);

// Decodes unpadded base64url in its one canonical form. nullopt otherwise. Source: RFC 7515
// section 2. Thread: any.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace sluice::edge
