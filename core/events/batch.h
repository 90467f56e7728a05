// What a receiver takes from a channel at once: a queue in one block of memory, used again and
// again.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace tasker::events {

/// A ring of items, oldest first. It grows by doubling and keeps its memory until it is destroyed.
/// Moving leaves an empty one behind. Threads: one at a time.
template <class T>
class Batch {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "items change places under a lock, where nothing may throw");

  template <class Owner, class Item>
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = Item*;
    using reference = Item&;

    Iterator() = default;
    Iterator(Owner* owner, std::size_t index) : owner_(owner), index_(index) {}
    Item& operator*() const { return (*owner_)[index_]; }
    Item* operator->() const { return &(*owner_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(owner_, index_++); }
    bool operator==(const Iterator&) const = default;

   private:
    Owner* owner_ = nullptr;
    std::size_t index_ = 0;
  };

 public:
  Batch() = default;
  ~Batch() { release(); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  Batch(Batch&& other) noexcept { swap(other); }
  Batch& operator=(Batch&& other) noexcept {
    Batch moved(std::move(other));
    swap(moved);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Items that fit before it grows.
  std::size_t room() const { return slot_count_; }

  T& operator[](std::size_t index) { return slots_[(head_ + index) & (slot_count_ - 1)]; }
  const T& operator[](std::size_t index) const {
    return slots_[(head_ + index) & (slot_count_ - 1)];
  }
  T& front() { return slots_[head_]; }

  auto begin() { return Iterator<Batch, T>(this, 0); }
  auto end() { return Iterator<Batch, T>(this, size_); }
  auto begin() const { return Iterator<const Batch, const T>(this, 0); }
  auto end() const { return Iterator<const Batch, const T>(this, size_); }

  /// Makes room for `count` items in all.
  void reserve(std::size_t count) {
    if (count > slot_count_) grow(std::bit_ceil(count));
  }

  void push_back(T&& item) {
    reserve(size_ + 1);
    std::construct_at(&(*this)[size_], std::move(item));
    ++size_;
  }

  /// Moves in the `count` items from `first` on.
  void push_back_some(T* first, std::size_t count) {
    reserve(size_ + count);
    const std::size_t tail = (head_ + size_) & (slot_count_ - 1);
    const std::size_t before_end = std::min(count, slot_count_ - tail);
    std::uninitialized_move_n(first, before_end, slots_ + tail);
    std::uninitialized_move_n(first + before_end, count - before_end, slots_);
    size_ += count;
  }

  void push_front(T&& item) {
    reserve(size_ + 1);
    head_ = (head_ - 1) & (slot_count_ - 1);
    std::construct_at(&slots_[head_], std::move(item));
    ++size_;
  }

  /// The oldest item; there has to be one.
  T pop_front() {
    T item = std::move(front());
    drop_front();
    return item;
  }

  /// Destroys the oldest item; there has to be one.
  void drop_front() {
    std::destroy_at(&slots_[head_]);
    head_ = (head_ + 1) & (slot_count_ - 1);
    --size_;
  }

  void clear() {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      for (T& item : *this) std::destroy_at(&item);
    }
    head_ = 0;
    size_ = 0;
  }

  void swap(Batch& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(slot_count_, other.slot_count_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
  }

 private:
  void grow(std::size_t slot_count) {
    T* const slots = std::allocator<T>().allocate(slot_count);
    const std::size_t size = size_;
    for (std::size_t i = 0; i < size; ++i) std::construct_at(&slots[i], std::move((*this)[i]));
    release();
    slots_ = slots;
    slot_count_ = slot_count;
    size_ = size;
  }

  void release() {
    if (slots_ == nullptr) return;
    clear();
    std::allocator<T>().deallocate(slots_, slot_count_);
    slots_ = nullptr;
    slot_count_ = 0;
  }

  T* slots_ = nullptr;
  std::size_t slot_count_ = 0;  // 0 or a power of two
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tasker::events
