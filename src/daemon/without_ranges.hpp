// A client's connection without the lines that ask for parts of an answer (Range).
//
// Nobody needs a part of what sekid answers, and the library puts one together as often as a request names it. It also takes the line to pieces before anybody was
// asked for a password, by a regular expression that goes a level deeper with each character: 8 KiB of it take 5 MiB of stack.
#pragma once

#include <cstddef>
#include <string>

#include <httplib.h>

namespace seki::daemon {

// For one request, of which the head is all that is read: what is handed on, is so line by line.
class without_ranges : public httplib::Stream {
public:
    explicit without_ranges(httplib::Stream& whole) : whole_{whole} {}

    // As that of a connection. Of a line that breaks off, nothing.
    ssize_t read(char* to, std::size_t size) override;
    ssize_t write(const char* from, std::size_t size) override { return whole_.write(from, size); }
    [[nodiscard]] bool is_readable() const override { return next_ != line_.size() || whole_.is_readable(); }
    [[nodiscard]] bool is_writable() const override { return whole_.is_writable(); }
    void get_remote_ip_and_port(std::string& ip, int& port) const override { whole_.get_remote_ip_and_port(ip, port); }
    void get_local_ip_and_port(std::string& ip, int& port) const override { whole_.get_local_ip_and_port(ip, port); }
    [[nodiscard]] int socket() const override { return whole_.socket(); }

private:
    [[nodiscard]] ssize_t take_line();

    httplib::Stream& whole_;
    std::string line_;  // of it, [next_, end) was not read yet
    std::size_t next_ = 0;
};

}  // namespace seki::daemon
