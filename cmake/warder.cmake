# How every room, program and test of warder is compiled: one place for flags.

set(WARDER_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
add_compile_options(${WARDER_WARNINGS})
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC PR 105651: a literal + std::string warns in the library's own code at -O2.
  add_compile_options(-Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's own std::stable_sort calls a function that C++17 deprecates.
  add_compile_options(-Wno-deprecated-declarations)
endif()
# -O2 and not CMake's -O3: most of the time goes to system calls, and builds are shorter.
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
add_compile_definitions(_GLIBCXX_ASSERTIONS _GNU_SOURCE)
add_compile_options(-fstack-protector-strong)
if(NOT WARDER_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
include_directories(${CMAKE_SOURCE_DIR})

if(WARDER_SANITIZE)
  # A finding ends the test: one that is only printed is read by nobody.
  add_compile_options(-fsanitize=${WARDER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WARDER_SANITIZE})
  add_compile_definitions(WARDER_SANITIZED=1)
endif()

if(WARDER_FUZZ)
  # The rooms are instrumented too: a fuzzer that sees only its own file explores nothing.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# warder_room(NAME SOURCES a.cc … LINK lib …): the static library warder_NAME.
function(warder_room name)
  cmake_parse_arguments(R "" "" "SOURCES;LINK" ${ARGN})
  add_library(warder_${name} STATIC ${R_SOURCES})
  target_link_libraries(warder_${name} PUBLIC ${R_LINK})
endfunction()

# warder_program(NAME [STATIC] SOURCES … LINK …): an executable in bin/. STATIC ones start
# fastest and load nothing; sanitizers can not be linked statically, so there they are dynamic.
function(warder_program name)
  cmake_parse_arguments(P "STATIC" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${P_SOURCES})
  target_link_libraries(${name} PRIVATE ${P_LINK})
  if(P_STATIC AND NOT WARDER_SANITIZE)
    # -no-pie: a static-pie relocates itself at each start, and these start for every call.
    target_link_options(${name} PRIVATE -static)
  else()
    target_link_options(${name} PRIVATE -pie)
  endif()
endfunction()

# warder_test(NAME SOURCES … LINK … [ROOT] [TIMEOUT s]): a GoogleTest program, one ctest case a TEST. They run one after
# the other: some start hosts with the same ids, some have time limits. Fuzzers run beside each other.
function(warder_test name)
  cmake_parse_arguments(T "ROOT" "TIMEOUT" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${T_LINK} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE WARDER_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             WARDER_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  if(T_DEPENDS)
    add_dependencies(${name} ${T_DEPENDS})
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  set(labels unit)
  if(T_ROOT)
    set(labels root)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS ${labels} RUN_SERIAL TRUE)
endfunction()
