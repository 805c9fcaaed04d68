// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "publish/json_writer.h"
#include "time/duration.h"

// One description of an object makes both its JSON and its reference page, so that they cannot
// differ. Shape<T> has a row for each member of the object that tells a T: where it stands, when it
// is there, what it means, and how it is got. The type that the page names is that of the value.
namespace wirestamp::publish {

inline constexpr std::string_view kAlways = "always";

// A line of the reference page. In a path `*` stands for any name, `[]` for the elements of an
// array.
struct DocumentField {
  std::string path;
  std::string_view type;      // "integer", "number", "string", "boolean" or the name of a shape
  std::string_view presence;  // kAlways, or when it is there
  std::string_view meaning;
};

// Specialised for each T that is told as an object: kRows, kName and kMeaning. Without a name its
// members stand in the page where the object does; with one they have a table of their own.
template <typename T>
struct Shape;

// An object whose names are data.
template <typename T>
using Named = std::vector<std::pair<std::string, T>>;

// What is left out when it is empty.
template <typename T>
constexpr const T* unless_empty(const T& value) {
  return value.empty() ? nullptr : &value;
}

template <typename T>
struct Row {
  std::string_view path;  // "lost.forward" is the member forward of the object lost
  std::string_view presence, meaning;
  void (*write)(JsonWriter& json, std::string_view key, const T& of);
  void (*describe)(const DocumentField& here, std::vector<DocumentField>& fields);
};

// How a value is told, by its type. kType is empty where Shape<T> tells more; kSuffix stands behind
// the path. A null pointer, like an empty optional, is absent.
template <typename T>
struct Told {
  static constexpr std::string_view kSuffix = "";
  static constexpr std::string_view type() {
    if constexpr (std::same_as<T, bool>)
      return "boolean";
    else if constexpr (std::integral<T> || std::same_as<T, Duration>)
      return "integer";
    else if constexpr (std::floating_point<T>)
      return "number";
    else if constexpr (std::is_enum_v<T> || std::convertible_to<T, std::string_view>)
      return "string";
    else
      return Shape<T>::kName;
  }
  using Object = T;  // what Shape describes, if anything does
};
template <typename T>
struct Told<std::optional<T>> : Told<T> {};
template <typename T>
struct Told<const T*> : Told<T> {};
template <>
struct Told<const char*> : Told<std::string_view> {};
template <typename T>
struct Told<std::vector<T>> : Told<T> {
  static constexpr std::string_view kSuffix = "[]";
};
template <typename T>
struct Told<Named<T>> : Told<T> {
  static constexpr std::string_view kSuffix = ".*";
};

template <typename T>
void write_rows(JsonWriter& json, const T& of);

// The value itself, behind a key or as an element of an array.
template <typename T>
void write_value(JsonWriter& json, std::string_view key, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    json.member(key, name(value));
  } else if constexpr (requires { Shape<T>::kRows; }) {
    json.begin_object(key);
    write_rows(json, value);
    json.end_object();
  } else {
    json.member(key, value);
  }
}
template <typename T>
void write_value(JsonWriter& json, std::string_view key, const std::optional<T>& value) {
  if (value) write_value(json, key, *value);
}
template <typename T>
  requires(!std::same_as<T, char>)
void write_value(JsonWriter& json, std::string_view key, const T* value) {
  if (value != nullptr) write_value(json, key, *value);
}
template <typename T>
void write_value(JsonWriter& json, std::string_view key, const std::vector<T>& values) {
  json.begin_array(key);
  for (const T& value : values) {
    if constexpr (requires { Shape<T>::kRows; }) {
      json.begin_element();
      write_rows(json, value);
      json.end_object();
    } else {
      json.element(value);
    }
  }
  json.end_array();
}
template <typename T>
void write_value(JsonWriter& json, std::string_view key, const Named<T>& values) {
  json.begin_object(key);
  for (const auto& [name, value] : values) write_value(json, name, value);
  json.end_object();
}

// Rows whose paths begin alike stand in one object, so they must follow each other. Where the shape
// says which of its rows are told (`tells(of, index)`), the others are left out.
template <typename T>
void write_rows(JsonWriter& json, const T& of) {
  std::vector<std::string_view> open;
  std::size_t index = 0;
  for (const Row<T>& row : Shape<T>::kRows) {
    if constexpr (requires { Shape<T>::tells(of, index); })
      if (!Shape<T>::tells(of, index++)) continue;
    std::string_view rest = row.path;
    std::size_t depth = 0;
    for (std::size_t dot = 0; (dot = rest.find('.')) != std::string_view::npos; ++depth) {
      const std::string_view object = rest.substr(0, dot);
      rest.remove_prefix(dot + 1);
      if (depth < open.size() && open[depth] == object) continue;
      for (; open.size() > depth; open.pop_back()) json.end_object();
      json.begin_object(object);
      open.push_back(object);
    }
    for (; open.size() > depth; open.pop_back()) json.end_object();
    row.write(json, rest, of);
  }
  for (; !open.empty(); open.pop_back()) json.end_object();
}

// The lines of the reference page about a T that stands at `before`. What is always in an object is
// there when the object is.
template <typename T>
void describe_rows(std::string_view before, std::string_view presence,
                   std::vector<DocumentField>& fields) {
  for (const Row<T>& row : Shape<T>::kRows)
    row.describe({.path = std::string(before) + std::string(row.path),
                  .type = "",
                  .presence = row.presence == kAlways ? presence : row.presence,
                  .meaning = row.meaning},
                 fields);
}

template <typename V>
void describe_value(const DocumentField& here, std::vector<DocumentField>& fields) {
  DocumentField field = here;
  field.path += Told<V>::kSuffix;
  field.type = Told<V>::type();
  if constexpr (requires { Shape<typename Told<V>::Object>::kRows; }) {
    if (field.type.empty())
      return describe_rows<typename Told<V>::Object>(field.path + ".", field.presence, fields);
  }
  fields.push_back(std::move(field));
}

// What a pointer to member or a function of one argument is applied to.
template <typename T, typename M>
T owner_of(M T::*);
template <typename L, typename R, typename T>
T owner_of(R (L::*)(const T&) const);
template <auto Get>
constexpr auto owner() {
  if constexpr (std::is_member_object_pointer_v<decltype(Get)>)
    return std::type_identity<decltype(owner_of(Get))>();
  else
    return std::type_identity<decltype(owner_of(&decltype(Get)::operator()))>();
}

template <auto Get, auto... Rest>
constexpr decltype(auto) follow(const auto& of) {
  if constexpr (sizeof...(Rest) == 0)
    return std::invoke(Get, of);
  else
    return follow<Rest...>(std::invoke(Get, of));
}

// A row whose value is got by one or more steps, each a pointer to member or a function without
// captures.
template <auto Get, auto... Rest>
constexpr auto row(std::string_view path, std::string_view presence, std::string_view meaning) {
  using T = typename decltype(owner<Get>())::type;
  using V = std::remove_cvref_t<decltype(follow<Get, Rest...>(std::declval<const T&>()))>;
  return Row<T>{path, presence, meaning,
                [](JsonWriter& json, std::string_view key, const T& of) {
                  write_value(json, key, follow<Get, Rest...>(of));
                },
                describe_value<V>};
}

}  // namespace wirestamp::publish
