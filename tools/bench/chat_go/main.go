// What chat is measured against: the smallest honest broadcast server on gorilla/websocket, built like the
// chat example of gorilla's own repository (a reader and a writer goroutine and a bounded queue for each
// client), with the frame of a message encoded once for all its readers (PreparedMessage).
//
// It speaks as much of chat's protocol as the load needs: subscribe, send and ping. It knows no accounts and
// stores nothing.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	clientQueue = 256 // chat's CLIENT_QUEUE
	maxFrame    = 16 << 10
	writeWait   = 10 * time.Second
	pongWait    = 60 * time.Second
	pingPeriod  = pongWait * 9 / 10
	tooSlow     = 4003
)

var upgrader = websocket.Upgrader{
	ReadBufferSize:  1024,
	WriteBufferSize: 1024,
	WriteBufferPool: &sync.Pool{},
	CheckOrigin:     func(*http.Request) bool { return true },
}

type asked struct {
	Type            string `json:"type"`
	Conversation    string `json:"conversation"`
	ClientMessageID string `json:"client_message_id"`
	Body            string `json:"body"`
}

type author struct {
	Side      string  `json:"side"`
	AccountID string  `json:"account_id"`
	Name      *string `json:"name"`
}

type message struct {
	ID              string    `json:"id"`
	ConversationID  string    `json:"conversation_id"`
	Seq             int64     `json:"seq"`
	ClientMessageID string    `json:"client_message_id"`
	Author          author    `json:"author"`
	Body            string    `json:"body"`
	CreatedAt       time.Time `json:"created_at"`
}

type told struct {
	Type            string   `json:"type"`
	Conversation    string   `json:"conversation"`
	Seq             int64    `json:"seq,omitempty"`
	LastSeq         *int64   `json:"last_seq,omitempty"`
	ClientMessageID string   `json:"client_message_id,omitempty"`
	Message         *message `json:"message,omitempty"`
}

func encoded(frame any) *websocket.PreparedMessage {
	text, err := json.Marshal(frame)
	if err != nil {
		log.Fatal(err) // only strings, numbers and times are in it
	}
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	if err != nil {
		log.Fatal(err)
	}
	return prepared
}

// A room is a conversation: who reads it, and the number of its last message.
type room struct {
	mutex   sync.Mutex
	readers map[*client]struct{}
	lastSeq int64
}

func (r *room) join(c *client) int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.readers[c] = struct{}{}
	return r.lastSeq
}

func (r *room) leave(c *client) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.readers, c)
}

// Numbered and queued under one lock: every reader gets the same order.
func (r *room) broadcast(ask asked) int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.lastSeq++
	frame := encoded(told{
		Type: "message", Conversation: ask.Conversation, Seq: r.lastSeq,
		Message: &message{
			ID: ask.ClientMessageID, ConversationID: ask.Conversation, Seq: r.lastSeq,
			ClientMessageID: ask.ClientMessageID,
			Author:          author{Side: "shopper", AccountID: ask.Conversation},
			Body:            ask.Body, CreatedAt: time.Now().UTC(),
		},
	})
	for reader := range r.readers {
		reader.push(frame)
	}
	return r.lastSeq
}

type hub struct {
	mutex sync.Mutex
	rooms map[string]*room
}

func (h *hub) room(id string) *room {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	found, known := h.rooms[id]
	if !known {
		found = &room{readers: make(map[*client]struct{})}
		h.rooms[id] = found
	}
	return found
}

type client struct {
	hub   *hub
	conn  *websocket.Conn
	queue chan *websocket.PreparedMessage
	gone  chan struct{} // closed by the reader when the socket has ended
	slow  chan struct{}
	once  sync.Once
}

// A client that does not keep up is dropped with a reason; nobody waits for it.
func (c *client) push(frame *websocket.PreparedMessage) {
	select {
	case c.queue <- frame:
	default:
		c.once.Do(func() { close(c.slow) })
	}
}

func (c *client) read() {
	joined := make(map[string]*room)
	defer func() {
		for _, each := range joined {
			each.leave(c)
		}
		close(c.gone)
	}()
	c.conn.SetReadLimit(maxFrame)
	alive := func(string) error { return c.conn.SetReadDeadline(time.Now().Add(pongWait)) }
	_ = alive("")
	c.conn.SetPongHandler(alive)
	for {
		_, text, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		var ask asked
		if json.Unmarshal(text, &ask) != nil {
			return
		}
		switch ask.Type {
		case "subscribe":
			joined[ask.Conversation] = c.hub.room(ask.Conversation)
			last := joined[ask.Conversation].join(c)
			c.push(encoded(told{Type: "subscribed", Conversation: ask.Conversation, LastSeq: &last}))
		case "send":
			seq := c.hub.room(ask.Conversation).broadcast(ask)
			c.push(encoded(told{
				Type: "sent", Conversation: ask.Conversation, Seq: seq, ClientMessageID: ask.ClientMessageID,
			}))
		case "ping":
			c.push(encoded(told{Type: "pong"}))
		}
	}
}

func (c *client) write() {
	ticker := time.NewTicker(pingPeriod)
	defer ticker.Stop()
	defer c.conn.Close()
	for {
		select {
		case frame := <-c.queue:
			_ = c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if c.conn.WritePreparedMessage(frame) != nil {
				return
			}
		case <-ticker.C:
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
				return
			}
		case <-c.slow:
			reason := websocket.FormatCloseMessage(tooSlow, "too slow")
			_ = c.conn.WriteControl(websocket.CloseMessage, reason, time.Now().Add(writeWait))
			return
		case <-c.gone:
			return
		}
	}
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	c := &client{
		hub: h, conn: conn, queue: make(chan *websocket.PreparedMessage, clientQueue),
		gone: make(chan struct{}), slow: make(chan struct{}),
	}
	c.push(encoded(told{Type: "hello"}))
	go c.write()
	go c.read()
}

func main() {
	address := flag.String("listen", "127.0.0.1:0", "where to listen; its port is printed")
	flag.Parse()
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	mux := http.NewServeMux()
	mux.Handle("/api/chat/socket", &hub{rooms: make(map[string]*room)})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}
