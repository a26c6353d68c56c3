// Who gets an answer over HTTP, and whether it is read on the way.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <seki/error.hpp>

#include "config/configuration.hpp"
#include "daemon/certificate.hpp"
#include "daemon/credentials.hpp"

namespace seki::daemon {

struct access {
    std::shared_ptr<const credentials> users;  // null: everybody
    std::shared_ptr<const certificate> tls;    // null: plain HTTP
};

// Reads the files that [sekid] names.
[[nodiscard]] Result<access> load_access(const config::configuration& wanted);

// Lets users in while a reload may change who they are.
class gate {
public:
    void set(std::shared_ptr<const credentials> users) {
        const std::scoped_lock hold{mutex_};
        users_.swap(users);
    }
    [[nodiscard]] bool lets_in(std::string_view authorization) const {
        const auto users = look();
        return users == nullptr || users->accept(authorization);
    }
    [[nodiscard]] bool is_open() const { return look() == nullptr; }

private:
    [[nodiscard]] std::shared_ptr<const credentials> look() const {
        const std::scoped_lock hold{mutex_};
        return users_;
    }
    mutable std::mutex mutex_;
    std::shared_ptr<const credentials> users_;
};

}  // namespace seki::daemon
