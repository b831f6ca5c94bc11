"""Transposed convolution: the backward of a convolution's input, used as a forward. Its backward is the convolution.

A convolution is linear in its image: y = K x, for a matrix K that the kernel and the window make, and the gradient of
its input is dx = K.T dy. The transposed convolution is y = K.T x, so the gradient of its input is dx = K dy.

K is the convolution from images of the output's size, with F channels, to images of the input's size, with C: so the
kernel is (KH, KW, F, C). Along an axis of `size` pixels, for a window of stride s and extent e:

    output        o = (size - 1)*s + max(least, s)   where least is e with padding "valid", e mod 2 with "same";
                  o = (size - 1)*s + least + p       with an output_padding of p
    border        b = max((size - 1)*s + e - o, 0)   what that convolution pads the output by, floor(b/2) before it

Source: Keras's Conv2DTranspose.
"""

from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.functional.convolution import check_images, conv2d, conv2d_backward, conv2d_backward_input, im2col
from numpycnn.functional.padding import Borders, crop, zero_pad
from numpycnn.functional.window import Window


def transposed_size(image: Pair, window: Window, output_padding: Pair | None) -> Pair:
    """The (rows, columns) that come out for an image of (rows, columns). output_padding: None, or (rows, columns)."""
    (h, w), (sh, sw) = image, window.strides
    lh, lw = window.extent if window.padding == "valid" else (window.extent[0] % 2, window.extent[1] % 2)
    if output_padding is None:
        return (h - 1) * sh + max(lh, sh), (w - 1) * sw + max(lw, sw)
    return (h - 1) * sh + lh + output_padding[0], (w - 1) * sw + lw + output_padding[1]


def transposed_borders(image: Pair, window: Window, output: Pair) -> Borders:
    """The border that K, the convolution from the output's size to the image's, pads it by."""
    return window.borders(output, image)


def without_padding(window: Window) -> Window:
    """The window on an image that is padded already."""
    return Window(window.size, window.strides, "valid", window.dilation)


def conv2d_transpose(
    x: Array, kernel: Array, bias: Array | None, window: Window, output_padding: Pair | None = None
) -> Array:
    """Every pixel puts the kernel, times its value, down on the output; where kernels overlap, they add up.

        yp[n, i*SH + u*DH, j*SW + v*DW, f]  +=  sum over c of  x[n, i, j, c] * kernel[u, v, f, c]
        y = yp without its border  +  bias

    That is what conv2d_backward_input does to a gradient x.

    x: (N, H, W, C); kernel: (KH, KW, F, C); bias: (F,) or None. Returns y: (N, OH, OW, F), see `transposed_size`.
    """
    check_images("conv2d_transpose", x)
    output = transposed_size(x.shape[1:3], window, output_padding)
    (top, bottom), (left, right) = borders = transposed_borders(x.shape[1:3], window, output)
    padded = (len(x), top + output[0] + bottom, left + output[1] + right, kernel.shape[2])
    y = crop(conv2d_backward_input(x, kernel, padded, without_padding(window)), borders)
    return y if bias is None else y + bias


def padded_gradient(dy: Array, image: Pair, window: Window) -> Array:
    """dyp: dy with the border that y was cut off from; its gradient is zero."""
    _, rows, cols, _ = dy.shape
    return zero_pad(dy, transposed_borders(image, window, (rows, cols)))


def conv2d_transpose_backward(dy: Array, x: Array, kernel: Array, window: Window) -> tuple[Array, Array]:
    """The gradients of conv2d_transpose's kernel and bias.

    The loss depends on the kernel through <dy, K.T x> = <K dy, x>: the product of x with the convolution of dy. So it
    is the gradient of that convolution's kernel, with x as the gradient that comes back.

        dkernel = conv2d_backward(x, im2col(dyp))        dbias = sum of dy over n, i, j

    dy: (N, OH, OW, F); x: (N, H, W, C). Returns dkernel: (KH, KW, F, C), dbias: (F,).
    """
    cols = im2col(padded_gradient(dy, x.shape[1:3], window), without_padding(window))  # (N*H*W, KH*KW*F)
    dkernel, _ = conv2d_backward(x, cols, kernel)
    return dkernel, dy.sum(axis=(0, 1, 2))


def conv2d_transpose_backward_input(dy: Array, kernel: Array, x_shape: Shape, window: Window) -> Array:
    """The gradient of conv2d_transpose's input: the transpose of the transpose, a convolution.

        dx = conv2d(dyp, kernel)

    dy: (N, OH, OW, F). Returns dx: x_shape = (N, H, W, C).
    """
    _, h, w, _ = x_shape
    dx, _ = conv2d(padded_gradient(dy, (h, w), window), kernel, None, without_padding(window))
    return dx
