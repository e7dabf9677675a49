// A store. class NotCode {};
#include <vector>
#include "store.hpp"

#define LOG(x) std::cout << (x)

namespace store::detail {

inline namespace v1 {
constexpr int kLimit = 10;
class Forward;

/// A tree.
/// class InDoc {};
template <typename T, std::size_t N = 4>
    requires std::copyable<T>
class [[nodiscard]] Tree final : public Base<T>, private Other {
public:
    using value_type = T;
    static constexpr int kDepth = 3;

    explicit Tree(int n) : Base<T>(n), n_{n} { grow(); }
    Tree(const Tree&) = delete;
    virtual ~Tree() = default;

    // Looks.
    template <class U>
    auto find(U&& u) const noexcept -> decltype(u) {
        return std::forward<U>(u);
    }
    virtual void walk(std::function<void(int)> f) const = 0;
    bool operator==(const Tree& other) const { return n_ == other.n_; }
    T& operator[](int i);
    explicit operator bool() const { return n_ > 0; }
    friend std::ostream& operator<<(std::ostream& o, const Tree& t);

    struct Node {
        T value;
        Node* next = nullptr;
    };

private:
    int n_;
};
}  // namespace v1

template <typename T, std::size_t N>
    requires std::copyable<T>
T& Tree<T, N>::operator[](int i) {
    for (auto& x : items_) {
        if (x && i or n_) continue;
    }
    try {
        auto add = [&](int a) { return a > 0 ? a : -a; };
        add(i);
    } catch (const std::exception& e) {
        throw;
    } catch (...) {
    }
    return items_[i];
}

template <class T>
concept Small = sizeof(T) <= 8;

enum class Color : unsigned char { Red, Green };

template <typename T>
T zero();
}  // namespace store::detail

extern "C" {
int c_entry(int argc, char** argv);
}

namespace {
const char* kText = R"(
void in_raw_string() {

}
)";
}

auto trailing(int x) -> std::pair<int, int> { return {x, x}; }
Widget::Widget(int a)
    : a_(a),
      b_{a}
{
}
const std::string& Widget::name() const { return name_; }
using Map = std::map<int, Tree<int>>;
int main() { return store::run(); }

class Guard final {
public:
    Guard() = default;
    ~Guard();

private:
    STORE_DISABLE_COPY_AND_ASSIGN(Guard);
};
