#include "app/spare_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

namespace sluice::app {

bool SpareDescriptor::Lend() {
  if (is_lent()) return false;
  close(descriptor_);
  descriptor_ = -1;
  return true;
}

void SpareDescriptor::TakeBack() {
  if (is_lent()) descriptor_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace sluice::app
