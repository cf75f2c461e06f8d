warder_fuzz(mcp_call SOURCES mcp_call.cc ../broker/arguments.cc ../broker/asio_impl.cc ../broker/decode.cc ../broker/frame.cc
                             ../broker/json_rpc.cc ../broker/mcp.cc ../broker/tools.cc
            LINK warder_record warder_policy warder_audit warder_wire Boost::headers)
# Their headers name the event loop and need its statics; nothing of it runs here.
target_compile_definitions(fuzz_mcp_call PRIVATE BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
