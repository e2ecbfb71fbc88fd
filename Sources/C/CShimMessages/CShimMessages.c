// see include/CShimMessages.h
